"""Tables for pellucid: any file or frame, column transforms, packed ensembles, scikit-learn estimators."""
