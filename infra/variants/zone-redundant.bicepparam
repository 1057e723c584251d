using '../main.bicep'
extends '../prod.bicepparam'

param zoneRedundant = true
