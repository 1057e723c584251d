// Every alert, with its threshold, and who is told. docs/operations.md has a runbook for each.
import { Tags } from 'types.bicep'
import { activities, billedLogs, components, cpu, databaseCalls, endings, jobs, memory, outboxAge, queueMessages, requests, taskHubMessages } from 'queries.bicep'

param name string
param location string
param tags Tags

@description('Who is told of severity 2, on the same day, and of the budget.')
param alertEmail string

@description('Who is woken by severity 1.')
param urgentEmail string

@description('Telephone that gets an SMS then, e.g. 44-7700900123. Empty: none.')
param urgentPhone string

@description('Daily cap of the logs in GB.')
param logQuotaGB int

param workspaceId string
param insightsId string
param healthUrl string

resource peopleUrgent 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-urgent-${name}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'px-urgent'
    emailReceivers: [{ name: 'on call', emailAddress: urgentEmail, useCommonAlertSchema: true }]
    smsReceivers: empty(urgentPhone) ? [] : [{ name: 'on call', countryCode: split(urgentPhone, '-')[0], phoneNumber: split(urgentPhone, '-')[1] }]
  }
}

resource peopleLater 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-later-${name}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'px-later'
    emailReceivers: [{ name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

// Severity 1 wakes somebody, 2 is looked at the same day. A query yields one row with `value`.
var errorRate = '${requests} | summarize failed = countif(toint(ResultCode) >= 500), total = count() | where total >= 20 | project value = 100.0 * failed / total'
var latency = '${requests} | summarize value = percentile(DurationMs, 95), total = count() | where total >= 20 | project value'
var queryTime = '${databaseCalls} | summarize value = percentile(DurationMs, 95), total = count() | where total >= 20 | project value'
var limiterFailures = 'union (AppTraces | where Message has "rate limiter not reachable"), (${components} | where component == "limiter" and Min == 0) | summarize value = count()'
var busiestCpu = '${cpu} | summarize value = avg(Sum / ItemCount) by AppRoleInstance | summarize value = max(value)'
var fullestMemory = '${memory} | summarize value = avg(Sum / ItemCount) by AppRoleInstance | summarize value = max(value)'
var waiting = '${queueMessages} | where queue !endswith "-poison" | summarize value = min(Sum / ItemCount) by queue | summarize value = max(value)'
var poison = '${queueMessages} | where queue endswith "-poison" | summarize value = max(Max)'
var taskHubWaiting = '${taskHubMessages} | summarize value = min(Sum / ItemCount) by queue | summarize value = max(value)'
var oldestUnsent = '${outboxAge} | summarize value = min(Min)'
var failedJobs = '${jobs} | where state == "failed" | summarize value = max(Max)'
var staleJobs = '${jobs} | where state == "stale" | summarize value = min(Min)'
var failedActivities = '${activities} | summarize failed = countif(Success == false), total = count() | where total >= 20 | project value = 100.0 * failed / total'
var ending = '${endings} | summarize value = count()'
// Per cent of the cap; the quantity is in MB.
var logsToday = '${billedLogs} | summarize value = sum(Quantity) / ${logQuotaGB * 10}.0'

// shared/health/components.py says what each of them is. A check fails twice before anybody is told.
var watched = [
  { name: 'database', severity: 1, says: 'The database does not answer.' }
  { name: 'storage', severity: 1, says: 'Blob storage does not answer.' }
  { name: 'queue', severity: 1, says: 'Queue storage does not answer.' }
  { name: 'auth', severity: 1, says: 'Supabase Auth does not answer: nobody can sign in.' }
  { name: 'orchestrator', severity: 1, says: 'Jobs do not start.' }
  { name: 'cache', severity: 2, says: 'The Redis that caches does not answer.' }
]
var componentRules = [for part in watched: {
  name: '${part.name}-failing'
  severity: part.severity
  minutes: part.severity == 1 ? 5 : 15
  threshold: 1
  query: '${components} | where component == "${part.name}" | summarize value = countif(Min == 0)'
  says: part.says
}]

// Minutes: 5 at least for severity 1, 15 for severity 2, which is asked every 15 minutes only.
var otherRules = [
  { name: 'limiter-failing', severity: 1, minutes: 5, threshold: 1, query: limiterFailures, says: 'Requests cannot be counted: PostgreSQL, or Redis where it counts, does not answer.' }
  { name: 'error-rate-critical', severity: 1, minutes: 5, threshold: 5, query: errorRate, says: 'More than 5 % of requests fail.' }
  { name: 'error-rate-warning', severity: 2, minutes: 15, threshold: 1, query: errorRate, says: 'More than 1 % of requests fail.' }
  { name: 'latency-critical', severity: 1, minutes: 5, threshold: 1000, query: latency, says: 'p95 of requests is over 1 s: roll back.' }
  { name: 'latency-warning', severity: 2, minutes: 15, threshold: 500, query: latency, says: 'p95 of requests is over 500 ms.' }
  { name: 'database-slow', severity: 2, minutes: 15, threshold: 200, query: queryTime, says: 'p95 of queries is over 200 ms.' }
  { name: 'memory-critical', severity: 1, minutes: 5, threshold: 90, query: fullestMemory, says: 'An instance uses more than 90 % of its memory.' }
  { name: 'memory-warning', severity: 2, minutes: 15, threshold: 80, query: fullestMemory, says: 'An instance uses more than 80 % of its memory.' }
  { name: 'cpu-critical', severity: 1, minutes: 15, threshold: 90, query: busiestCpu, says: 'An instance uses more than 90 % of its CPU.' }
  { name: 'cpu-warning', severity: 2, minutes: 30, threshold: 80, query: busiestCpu, says: 'An instance uses more than 80 % of its CPU.' }
  { name: 'jobs-failing', severity: 2, minutes: 15, threshold: 5, query: failedJobs, says: 'More than 5 jobs failed in 15 minutes.' }
  { name: 'jobs-stale', severity: 2, minutes: 15, threshold: 0, query: staleJobs, says: 'Nothing has been heard of a running job for an hour.' }
  { name: 'activities-failing', severity: 2, minutes: 15, threshold: 10, query: failedActivities, says: 'More than 10 % of the activities of crawls fail.' }
  { name: 'outbox-stuck', severity: 2, minutes: 15, threshold: 600, query: oldestUnsent, says: 'A side effect has been waiting for more than 10 minutes.' }
  { name: 'queue-depth', severity: 2, minutes: 15, threshold: 1000, query: waiting, says: 'More than 1,000 messages have been waiting for 15 minutes.' }
  { name: 'task-hub-depth', severity: 2, minutes: 15, threshold: 1000, query: taskHubWaiting, says: 'More than 1,000 work items of crawls have been waiting for 15 minutes.' }
  { name: 'poison-messages', severity: 2, minutes: 15, threshold: 0, query: poison, says: 'A message failed five times and was put aside.' }
  { name: 'secrets-ending', severity: 2, minutes: 1440, threshold: 0, query: ending, says: 'A secret or certificate in the vault ends within 30 days, or has ended.' }
  { name: 'logs-near-cap', severity: 2, minutes: 1440, threshold: 80, query: logsToday, says: 'The logs of a day are at 80 % of their cap; at 100 % alerts see nothing more.' }
]
var rules = concat(componentRules, otherRules)

resource queryAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [for rule in rules: {
  name: '${rule.name}-${name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'PixCrawler: ${rule.says}'
    description: 'What to do: docs/operations.md#${rule.name}'
    severity: rule.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: rule.severity == 1 ? 'PT5M' : (rule.minutes < 60 ? 'PT15M' : 'PT1H')
    windowSize: rule.minutes == 1440 ? 'P1D' : 'PT${rule.minutes}M'
    autoMitigate: true
    // The tables appear with the first telemetry; the rule may be made before.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.query
          metricMeasureColumn: 'value'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: rule.threshold
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [rule.severity == 1 ? peopleUrgent.id : peopleLater.id] }
  }
}]

// Asked from five places: tells "down" from "slow", and sees what the app itself cannot report.
resource healthTest 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'health-${name}'
  location: location
  tags: union(tags, { 'hidden-link:${insightsId}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-${name}'
    Name: 'health'
    Enabled: true
    Frequency: 300
    Timeout: 30
    Kind: 'standard'
    RetryEnabled: true
    Locations: [
      { Id: 'emea-nl-ams-azr' }
      { Id: 'emea-gb-db3-azr' }
      { Id: 'us-va-ash-azr' }
      { Id: 'us-ca-sjc-azr' }
      { Id: 'apac-sg-sin-azr' }
    ]
    Request: { RequestUrl: healthUrl, HttpVerb: 'GET', ParseDependentRequests: false }
    ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: 7 }
  }
}

// The health check fails from at least two of five places.
resource healthFailing 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'health-failing-${name}'
  location: 'global'
  tags: tags
  properties: {
    description: 'What to do: docs/operations.md#health-failing'
    severity: 1
    enabled: true
    scopes: [healthTest.id, insightsId]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: healthTest.id
      componentId: insightsId
      failedLocationCount: 2
    }
    actions: [{ actionGroupId: peopleUrgent.id }]
  }
}

// Less than 99 % of health checks succeeded in an hour.
resource availability 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'availability-${name}'
  location: 'global'
  tags: tags
  properties: {
    description: 'What to do: docs/operations.md#availability'
    severity: 2
    enabled: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT1H'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'availability'
          metricNamespace: 'Microsoft.Insights/components'
          metricName: 'availabilityResults/availabilityPercentage'
          timeAggregation: 'Average'
          operator: 'LessThan'
          threshold: 99
        }
      ]
    }
    actions: [{ actionGroupId: peopleLater.id }]
  }
}

output laterGroupId string = peopleLater.id
