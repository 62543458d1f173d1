from .prelu import PReLU

__all__ = ['PReLU']
