"""Landmarks without training: MediaPipe's FaceMesh, fitted to few labels."""
