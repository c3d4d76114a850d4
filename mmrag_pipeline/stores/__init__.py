"""Objects, tables, memo and collections: everything that is kept, behind the ports."""
