"""How tables are held: as columns while they are worked on, on disk while nobody reads them, and their memory given back in between."""
