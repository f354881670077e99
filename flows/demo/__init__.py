"""The demo: the whole way on recorded data, with a broker and a store of its own."""
