// What alerts and workbook ask the logs: each question stands here once. The alerts go on to one
// row with `value`, the workbook to a chart. Gauges come from shared/platform/observe/telemetry.py.

@export()
@description('Requests that the host has answered, with its own health checks left out.')
var requests = 'AppRequests | where isnotempty(Url) and Url !has "/health"'

@export()
@description('Activities of crawls that have ended.')
var activities = 'AppRequests | where isempty(Url) and Name startswith "crawl_"'

@export()
@description('Queries of the app.')
var databaseCalls = 'AppDependencies | where DependencyType =~ "postgresql"'

@export()
@description('Checks of the components of shared/health/components.py; Min is 0 where one failed.')
var components = 'AppMetrics | where Name == "pixcrawler.component.up" | extend component = tostring(Properties.component)'

@export()
@description('Messages that wait, by queue; those put aside are in queues that end in -poison.')
var queueMessages = 'AppMetrics | where Name == "pixcrawler.queue.messages" | extend queue = tostring(Properties.queue)'

@export()
@description('Messages of the durable task hub that wait, by queue.')
var taskHubMessages = 'AppMetrics | where Name == "pixcrawler.taskhub.messages" | extend queue = tostring(Properties.queue)'

@export()
@description('Seconds that the oldest side effect has been waiting to be sent.')
var outboxAge = 'AppMetrics | where Name == "pixcrawler.outbox.age"'

@export()
@description('Jobs that failed in a quarter of an hour, and running ones of which nothing is heard.')
var jobs = 'AppMetrics | where Name == "pixcrawler.jobs" | extend state = tostring(Properties.state)'

@export()
@description('CPU of an instance in percent.')
var cpu = 'AppMetrics | where Name == "pixcrawler.cpu.percent"'

@export()
@description('Memory of an instance in percent.')
var memory = 'AppMetrics | where Name == "pixcrawler.memory.percent"'

@export()
@description('What the vault says of secrets and certificates 30 days before they end, and then.')
var endings = 'AzureDiagnostics | where ResourceProvider == "MICROSOFT.KEYVAULT" and OperationName in ("SecretNearExpiryEventGridNotification", "SecretExpiredEventGridNotification", "CertificateNearExpiryEventGridNotification", "CertificateExpiredEventGridNotification")'

@export()
@description('Logs that are paid for, in MB, which the daily cap counts.')
var billedLogs = 'Usage | where IsBillable == true'
