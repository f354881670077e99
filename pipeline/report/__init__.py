"""Reports: tables, pages and pictures for people."""
