"""Reading tables: any file that people have, as columns of text, with a report of what was decided."""
