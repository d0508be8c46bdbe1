"""Images in: data sets, files and single pictures become arrays. No Qt."""
