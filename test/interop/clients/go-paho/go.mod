module skerry.test/interop

go 1.24
