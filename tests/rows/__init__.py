"""The tables of samples, a file of rows for each file of ops; `rows.py` says what a row is. test_ops.py runs them."""
