"""The HTTP server: the APIs and the page. Its libraries come with the extra `server`."""
