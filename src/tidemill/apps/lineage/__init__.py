"""What a version, a row or a difference between versions is made of: `tidemill lineage` and `tidemill diff`.

version     what a version was made of, read from its commit
comparison  what differs between two versions
row         where a row came from, how it was labeled, which models had it
"""
