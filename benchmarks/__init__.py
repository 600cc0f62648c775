"""How fast Kortisto is, against the least that MongoDB and the disk ask for the same: `python -m benchmarks`.

Every case runs beside its floor, a bare pymongo call with the best index there can be, on the same machine in the
same minute; what counts is the ratio. docs/benchmarks.md tells how to read the results.
"""
