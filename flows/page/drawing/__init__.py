"""The figures of the page as HTML and as charts; all text that comes from outside is escaped."""
