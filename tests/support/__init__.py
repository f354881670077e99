"""What tests need: servers, processes, small bundles, stand-ins."""
