"""Sample traffic made by this project: every capture has its generator beside it. `python -m captures` writes all of them again, byte for byte."""
