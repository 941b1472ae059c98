"""What is popular now: ranked each minute into a snapshot that never changes, read page by page with the filter of its reader."""
