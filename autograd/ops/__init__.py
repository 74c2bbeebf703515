"""The op tables: every operation, its derivative beside it, in the file its name suggests."""
