package main

//go:noinline
func moving(i int) {
	sinkPair = &pair{i, 5} // @moving
}
