"""The figures of the page, from the answers of the store."""
