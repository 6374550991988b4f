"""Models made elsewhere: their weights read, their structure recognised, and both in the terms of this package."""
