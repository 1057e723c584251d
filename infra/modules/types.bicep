@export()
@description('What every resource is marked with, so that costs can be told apart.')
type Tags = { application: 'pixcrawler', environment: 'dev' | 'staging' | 'prod' }
