using '../main.bicep'
extends '../prod.bicepparam'

param redis = true
