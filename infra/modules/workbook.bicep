// The dashboard: what is asked first when something is wrong, in one page.
import { Tags } from 'types.bicep'
import { activities, components, cpu, databaseCalls, jobs, memory, outboxAge, queueMessages, requests, taskHubMessages } from 'queries.bicep'

param name string
param location string
param tags Tags
param workspaceId string

var charts = [
  { title: 'Failed checks of components', query: '${components} | summarize failed = countif(Min == 0) by component, bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Requests and failures', query: '${requests} | summarize requests = count(), failed = countif(toint(ResultCode) >= 500) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Latency: p50, p95, p99 (ms)', query: '${requests} | summarize p50 = percentile(DurationMs, 50), p95 = percentile(DurationMs, 95), p99 = percentile(DurationMs, 99) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Slowest and most failing endpoints', query: '${requests} | summarize requests = count(), failed = countif(toint(ResultCode) >= 500), p95 = percentile(DurationMs, 95) by Name | order by p95 desc | take 20', shape: 'table' }
  { title: 'Queries: p95 (ms)', query: '${databaseCalls} | summarize p95 = percentile(DurationMs, 95), count() by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Activities by outcome', query: '${activities} | summarize count() by Name, Success, bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Jobs that failed of late, or of which nothing is heard', query: '${jobs} | summarize jobs = max(Max) by state, bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Messages waiting', query: '${queueMessages} | summarize messages = max(Max) by queue, bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Task hub: messages waiting', query: '${taskHubMessages} | summarize messages = max(Max) by queue, bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Outbox: how long the oldest has waited (s)', query: '${outboxAge} | summarize seconds = max(Max) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'CPU of the busiest instance (%)', query: '${cpu} | summarize percent = max(Max) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Memory of the fullest instance (%)', query: '${memory} | summarize percent = max(Max) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Instances', query: '${cpu} | summarize instances = dcount(AppRoleInstance) by bin(TimeGenerated, 5m)', shape: 'timechart' }
  { title: 'Errors by logger and message', query: 'AppTraces | where SeverityLevel >= 3 | extend line = parse_json(Message) | summarize count(), latest = max(TimeGenerated) by logger = tostring(line.logger), message = tostring(line.message) | order by count_ desc | take 50', shape: 'table' }
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
