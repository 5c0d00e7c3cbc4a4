"""See a network learn, in a browser: a server of 127.0.0.1, and a page that shows what the Trainer does."""
