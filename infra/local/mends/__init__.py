"""Each file mends one thing that moto does otherwise than AWS, and checks first that moto still does so."""
