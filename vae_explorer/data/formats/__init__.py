"""What files hold, one module for each format: each gives a `DataSet`, or a sentence that says why not."""
