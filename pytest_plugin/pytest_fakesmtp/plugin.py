"""What pytest loads: the plugin of fakesmtp."""
