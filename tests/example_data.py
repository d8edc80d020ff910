"""Small data for each example, so that it runs without the set it was made for."""

# Name of an example to a function from a folder, into which it writes data, to the
# arguments that the example is called with.
ARGUMENTS = {
    "digits": lambda folder: [],
}
