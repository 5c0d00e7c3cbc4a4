# The ops of single positions: what their arrays must be, and the structs that they fill.
