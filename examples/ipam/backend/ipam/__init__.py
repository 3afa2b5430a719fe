"""IP address management: the backend of the example project."""
