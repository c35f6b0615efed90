"""The audited identifiers in payload: the seam for content search."""
