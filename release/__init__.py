"""What stands between the repository and an index: ``make release-check``.

It builds, repairs, checks and installs every distribution, and stops before uploading.
"""
