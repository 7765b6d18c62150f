// Eclipse Paho's two clients in Go: `main 4` is paho.mqtt.golang, `main 5` is paho.golang with autopaho.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

var (
	device   = os.Getenv("SKERRY_DEVICE")
	secret   = os.Getenv("SKERRY_SECRET")
	count, _ = strconv.Atoi(os.Getenv("SKERRY_COUNT"))
	broker   = "mqtt://" + os.Getenv("SKERRY_HOST") + ":" + os.Getenv("SKERRY_PORT")
	topic    = "devices/" + device + "/telemetry/measurement"
	commands = "devices/" + device + "/commands/+"
	firstMs  = time.Now().UnixMilli() - int64(count)
	answered = make(chan string, 16)
)

func reading(n int) []byte {
	return fmt.Appendf(nil, `{"ts":%d,"value":%d}`, firstMs+int64(n), n)
}

func main() {
	publish := version4()
	if os.Args[1] == "5" {
		publish = version5()
	}
	for n := range count {
		for !publish(topic, reading(n)) {
			time.Sleep(200 * time.Millisecond)
		}
		fmt.Println("acknowledged", n+1)
		time.Sleep(20 * time.Millisecond)
	}
	command := <-answered
	fmt.Println("command")
	for !publish(command+"/reply", []byte("{}")) {
		time.Sleep(200 * time.Millisecond)
	}
}

func version4() func(string, []byte) bool {
	if os.Args[1] == "5" {
		return nil
	}
	options := mqtt.NewClientOptions().AddBroker(broker).SetClientID(device).SetUsername(device).SetPassword(secret)
	options.SetCleanSession(false).SetConnectRetry(true).SetConnectRetryInterval(time.Second).SetMaxReconnectInterval(time.Second)
	options.SetKeepAlive(5 * time.Second)
	options.SetOnConnectHandler(func(client mqtt.Client) {
		client.Subscribe(commands, 1, func(_ mqtt.Client, message mqtt.Message) { answered <- message.Topic() })
	})
	client := mqtt.NewClient(options)
	client.Connect().Wait()
	return func(topic string, payload []byte) bool {
		token := client.Publish(topic, 1, false, payload)
		return token.WaitTimeout(10*time.Second) && token.Error() == nil
	}
}

func version5() func(string, []byte) bool {
	server, _ := url.Parse(broker)
	config := autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{server},
		KeepAlive:                     5,
		SessionExpiryInterval:         3600,
		ConnectUsername:               device,
		ConnectPassword:               []byte(secret),
		ReconnectBackoff:              autopaho.NewConstantBackoff(time.Second),
		CleanStartOnInitialConnection: false,
		OnConnectionUp: func(manager *autopaho.ConnectionManager, _ *paho.Connack) {
			filter := []paho.SubscribeOptions{{Topic: commands, QoS: 1}}
			_, _ = manager.Subscribe(context.Background(), &paho.Subscribe{Subscriptions: filter})
		},
		ClientConfig: paho.ClientConfig{
			ClientID: device,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){
				func(received paho.PublishReceived) (bool, error) {
					answered <- received.Packet.Topic
					return true, nil
				},
			},
		},
	}
	manager, err := autopaho.NewConnection(context.Background(), config)
	if err != nil {
		panic(err)
	}
	return func(topic string, payload []byte) bool {
		within, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if manager.AwaitConnection(within) != nil {
			return false
		}
		_, err := manager.Publish(within, &paho.Publish{QoS: 1, Topic: topic, Payload: payload})
		return err == nil
	}
}
