print("fieldmesh-bench")
