"""For each rule: messages and sessions that break it, and near misses that do not."""
