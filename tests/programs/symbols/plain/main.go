package main

import "example.com/symbols/truth"

func main() { truth.Run() }
