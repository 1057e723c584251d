using '../main.bicep'
extends '../prod.bicepparam'

param privateNetwork = true
param deployerAddresses = ['203.0.113.7']
