// The dashboard: what is asked first when something is wrong, in one page.
param name string
param location string
param tags object
param workspaceId string

var charts = [
  { title: 'Requests and failures', query: 'AppRequests | where isnotempty(Url) | summarize requests = count(), failed = countif(toint(ResultCode) >= 500) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Latency: p50, p95, p99 (ms)', query: 'AppRequests | where isnotempty(Url) | summarize p50 = percentile(DurationMs, 50), p95 = percentile(DurationMs, 95), p99 = percentile(DurationMs, 99) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Slowest and most failing endpoints', query: 'AppRequests | where isnotempty(Url) | summarize requests = count(), failed = countif(toint(ResultCode) >= 500), p95 = percentile(DurationMs, 95) by Name | order by p95 desc | take 20', shape: 'table' }
  { title: 'Queries: p95 (ms)', query: 'AppDependencies | where DependencyType =~ "postgresql" | summarize p95 = percentile(DurationMs, 95), count() by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Activities by outcome', query: 'AppRequests | where isempty(Url) | summarize count() by OperationName, Success, bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Messages waiting', query: 'AppMetrics | where Name == "pixcrawler.queue.messages" | summarize messages = max(Max) by tostring(Properties.queue), bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'CPU and memory of the busiest instance (%)', query: 'AppMetrics | where Name in ("pixcrawler.cpu.percent", "pixcrawler.memory.percent") | summarize percent = max(Max) by Name, bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Instances', query: 'AppMetrics | where Name == "pixcrawler.cpu.percent" | summarize instances = dcount(AppRoleInstance) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Errors by logger and message', query: 'AppTraces | where SeverityLevel >= 3 | extend line = parse_json(Message) | summarize count(), last = max(TimeGenerated) by logger = tostring(line.logger), message = tostring(line.message) | order by count_ desc | take 50', shape: 'table' }
]

var timeItem = {
  type: 9
  name: 'time'
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      { version: 'KqlParameterItem/1.0', name: 'time', label: 'Time', type: 4, isRequired: true, value: { durationMs: 14400000 } }
    ]
  }
}
var chartItems = [for (chart, i) in charts: {
  type: 3
  name: 'chart-${i}'
  customWidth: '50'
  content: {
    version: 'KqlItem/1.0'
    title: chart.title
    query: chart.query
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    crossComponentResources: [workspaceId]
    timeContextFromParameter: 'time'
    visualization: chart.shape
  }
}]
var notebook = { version: 'Notebook/1.0', items: concat([timeItem], chartItems), isLocked: false }

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'PixCrawler ${name}'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: string(notebook)
  }
}
