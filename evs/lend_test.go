package evs

func init() { leastLent = 1 }
