"""Networks written for other places: a file for each form."""
