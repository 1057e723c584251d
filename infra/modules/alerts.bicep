// Every alert, with its threshold, and who is told. docs/operations.md has a runbook for each.
param name string
param location string
param tags object
param alertEmail string
param workspaceId string
param insightsId string
param healthUrl string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'pixcrawler'
    emailReceivers: [{ name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

// Severity 1 wakes somebody, 2 is looked at the same day. A query yields one row with `value`.
// The first six look at what the host and the app export; gauges come from shared/platform/telemetry.py.
var requests = 'AppRequests | where isnotempty(Url) and Url !has "/health"'
var errorRate = '${requests} | summarize failed = countif(toint(ResultCode) >= 500), all = count() | where all >= 20 | project value = 100.0 * failed / all'
var latency = '${requests} | summarize value = percentile(DurationMs, 95), all = count() | where all >= 20 | project value'
var queryTime = 'AppDependencies | where DependencyType =~ "postgresql" | summarize value = percentile(DurationMs, 95), all = count() | where all >= 20 | project value'
var databaseFailures = 'AppTraces | where (Message has "health check failed" and Message has "database") or Message has "The database is not reachable" | summarize value = count()'
var limiterFailures = 'AppTraces | where Message has "rate limiter not reachable" | summarize value = count()'
var cpu = 'AppMetrics | where Name == "pixcrawler.cpu.percent" | summarize value = avg(Sum / ItemCount) by AppRoleInstance | summarize value = max(value)'
var memory = 'AppMetrics | where Name == "pixcrawler.memory.percent" | summarize value = avg(Sum / ItemCount) by AppRoleInstance | summarize value = max(value)'
var queueDepth = 'AppMetrics | where Name == "pixcrawler.queue.messages" and tostring(Properties.queue) !endswith "-poison" | summarize value = min(Sum / ItemCount) by tostring(Properties.queue) | summarize value = max(value)'
var poison = 'AppMetrics | where Name == "pixcrawler.queue.messages" and tostring(Properties.queue) endswith "-poison" | summarize value = max(Max)'

var rules = [
  { name: 'error-rate-critical', severity: 1, minutes: 5, threshold: 5, query: errorRate, says: 'More than 5 % of requests fail.' }
  { name: 'error-rate-warning', severity: 2, minutes: 15, threshold: 1, query: errorRate, says: 'More than 1 % of requests fail.' }
  { name: 'latency-critical', severity: 1, minutes: 5, threshold: 1000, query: latency, says: 'p95 of requests is over 1 s: roll back.' }
  { name: 'latency-warning', severity: 2, minutes: 15, threshold: 500, query: latency, says: 'p95 of requests is over 500 ms.' }
  { name: 'database-failing', severity: 1, minutes: 5, threshold: 0, query: databaseFailures, says: 'The database cannot be reached.' }
  { name: 'database-slow', severity: 2, minutes: 15, threshold: 200, query: queryTime, says: 'p95 of queries is over 200 ms.' }
  { name: 'limiter-failing', severity: 1, minutes: 5, threshold: 0, query: limiterFailures, says: 'Requests cannot be counted: PostgreSQL, or Redis where it counts, does not answer.' }
  { name: 'memory-critical', severity: 1, minutes: 5, threshold: 90, query: memory, says: 'An instance uses more than 90 % of its memory.' }
  { name: 'memory-warning', severity: 2, minutes: 15, threshold: 80, query: memory, says: 'An instance uses more than 80 % of its memory.' }
  { name: 'cpu-critical', severity: 1, minutes: 15, threshold: 90, query: cpu, says: 'An instance uses more than 90 % of its CPU.' }
  { name: 'cpu-warning', severity: 2, minutes: 30, threshold: 80, query: cpu, says: 'An instance uses more than 80 % of its CPU.' }
  { name: 'queue-depth', severity: 2, minutes: 15, threshold: 1000, query: queueDepth, says: 'More than 1,000 messages have been waiting for 15 minutes.' }
  { name: 'poison-messages', severity: 2, minutes: 5, threshold: 0, query: poison, says: 'A message failed five times and was put aside.' }
]

resource queryAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${rule.name}-${name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'PixCrawler: ${rule.says}'
    severity: rule.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT${rule.minutes}M'
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
    actions: { actionGroups: [people.id] }
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
resource healthFailing 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'health-failing-${name}'
  location: 'global'
  tags: tags
  properties: {
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
    actions: [{ actionGroupId: people.id }]
  }
}

// Less than 99 % of health checks succeeded in an hour.
resource availability 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'availability-${name}'
  location: 'global'
  tags: tags
  properties: {
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
    actions: [{ actionGroupId: people.id }]
  }
}

output actionGroupId string = people.id
