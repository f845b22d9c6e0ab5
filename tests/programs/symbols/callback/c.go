package main

// int callback(int);
// int symbols_in_c(int n) { return callback(n) * 2; }
import "C"

func throughC() { C.symbols_in_c(1) }
