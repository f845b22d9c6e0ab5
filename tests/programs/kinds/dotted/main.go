package main

import x "example.com/escaudit/kinds/dotted/x.v2"

func main() {
	for i := 0; i < 7; i++ {
		x.Each(i)
		x.Both(i)
	}
}
