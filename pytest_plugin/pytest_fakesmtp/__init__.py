"""fakesmtp for pytest: options, markers, fixtures and report sections."""
