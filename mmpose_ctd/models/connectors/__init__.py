from .pointwise_connector import PointwiseConnector

__all__ = ['PointwiseConnector']
