"""Images in files: reading them, bringing them to one size, folders of them as a data set, ink on paper."""
