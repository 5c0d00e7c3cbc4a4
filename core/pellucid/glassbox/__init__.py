"""A step, opened.

``record/`` watches a step and keeps its numbers by their names; ``trace`` and ``tracing`` are what users hold. ``why/``
takes a number apart by the equation that made it; ``prove/`` makes the step again on a copy. ``page/`` is the page in
the browser, ``flight/`` the recorder of many steps; ``trace_file``, ``trace_writing`` and ``difference`` keep traces
and compare them; ``first`` finds the first number that is not finite. ``equations``, ``failure`` and ``quality`` are
the conformance kit's, too.
"""
