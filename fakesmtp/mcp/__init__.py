"""A server of the Model Context Protocol: tools that let an assistant read and wait for mail."""
