//! rumqttc, MQTT 3.1.1, as its examples have it: an event loop on a thread, a client that publishes.
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, thread};

enum Told {
    Acknowledged,
    Command(String),
}

fn variable(name: &str) -> String {
    env::var(format!("SKERRY_{name}")).unwrap()
}

fn main() {
    let (device, count) = (variable("DEVICE"), variable("COUNT").parse::<u128>().unwrap());
    let mut options = MqttOptions::new(&device, variable("HOST"), variable("PORT").parse().unwrap());
    options.set_credentials(&device, variable("SECRET"));
    options.set_keep_alive(Duration::from_secs(5));
    options.set_clean_session(false);
    let (client, mut connection) = Client::new(options, 10);
    let filter = format!("devices/{device}/commands/+");
    let (tell, told) = channel();
    let subscriber = client.clone();
    thread::spawn(move || {
        for event in connection.iter() {
            match event {
                Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                    subscriber.try_subscribe(filter.clone(), QoS::AtLeastOnce).unwrap();
                }
                Ok(Event::Incoming(Incoming::PubAck(_))) => tell.send(Told::Acknowledged).unwrap(),
                Ok(Event::Incoming(Incoming::Publish(message))) => {
                    tell.send(Told::Command(message.topic)).unwrap();
                }
                Err(_) => thread::sleep(Duration::from_secs(1)),
                _ => {}
            }
        }
    });
    let first = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() - count;
    let mut command = None;
    for n in 0..count {
        let reading = format!("{{\"ts\":{},\"value\":{n}}}", first + n);
        let topic = format!("devices/{device}/telemetry/measurement");
        client.publish(topic, QoS::AtLeastOnce, false, reading).unwrap();
        // What is not acknowledged the library sends again once it is connected.
        loop {
            match told.recv_timeout(Duration::from_secs(60)) {
                Ok(Told::Acknowledged) => break,
                Ok(Told::Command(topic)) => command = Some(topic),
                Err(RecvTimeoutError::Timeout) => panic!("no acknowledgement within 60 s"),
                Err(error) => panic!("{error}"),
            }
        }
        println!("acknowledged {}", n + 1);
        thread::sleep(Duration::from_millis(20));
    }
    while command.is_none() {
        if let Told::Command(topic) = told.recv().unwrap() {
            command = Some(topic);
        }
    }
    println!("command");
    let reply = format!("{}/reply", command.unwrap());
    client.publish(reply, QoS::AtLeastOnce, false, "{}").unwrap();
    while !matches!(told.recv().unwrap(), Told::Acknowledged) {}
}
